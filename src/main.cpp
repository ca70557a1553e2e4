#include "app/main.hpp"

int main(int argc, char** argv) { return guidepost::app::run(argc, argv); }
