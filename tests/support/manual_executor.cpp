#include "support/manual_executor.hpp"
